"""What Markdown of strangers may become on a page."""

from __future__ import annotations

import pytest

from signoff.inbox.markdown import CHARS_MAX, is_safe_link, render_markdown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**so**", "<p><strong>so</strong></p>\n"),
        ("<b onclick=x>so</b>", "<p>&lt;b onclick=x&gt;so&lt;/b&gt;</p>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("# Title", "<h3>Title</h3>\n"),
        ("###### Deep", "<h6>Deep</h6>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("[x](/audit)", "<p>[x](/audit)</p>\n"),
        ("[x](vbscript:y)", "<p>[x](vbscript:y)</p>\n"),
        ("a &#x202e;b\x1b[31mc", "<p>a bc</p>\n"),
        ("```sh\nrm -rf <x>\n```", "<pre><code>rm -rf &lt;x&gt;\n</code></pre>\n"),
    ],
)
def test_it_becomes_plain_tags_of_ours(text: str, html: str) -> None:
    assert str(render_markdown(text)) == html


def test_a_fence_that_is_called_a_diff_is_shown_as_one() -> None:
    bare = str(render_markdown("```diff\n-old <b>\n+new\n same\n```"))
    assert '<tr class="removed"><td class="n"></td><td class="n"></td><td><code>-old &lt;b&gt;</code></td></tr>' in bare
    assert '<tr class="added">' in bare
    numbered = str(render_markdown("```patch\n--- a/x\n+++ b/x\n@@ -3,1 +3,1 @@\n-old\n+new\n```"))
    assert '<tr class="removed"><td class="n">3</td><td class="n"></td>' in numbered
    assert "<table" not in str(render_markdown("```sh\n-old\n+new\n```"))


def test_links_tell_nothing_and_images_are_not_loaded() -> None:
    rel = 'rel="noopener noreferrer nofollow"'
    assert str(render_markdown("[x](https://a.example)")) == f'<p><a href="https://a.example" {rel}>x</a></p>\n'
    assert str(render_markdown('!["><b>](https://a.example/p.png)')) == (
        f'<p><a href="https://a.example/p.png" {rel}>[&#34;&gt;&lt;b&gt;]</a></p>\n'
    )
    assert "<img" not in str(render_markdown("![a](https://a.example/p.png)\n\n![b][r]\n\n[r]: https://b.example/x"))


@pytest.mark.parametrize(
    "text",
    ["> " * 40 + "deep", "x" * (CHARS_MAX + 1), "*a **b " * 2_000, "- " * 500 + "x"],
    ids=["nested", "long", "marks", "lists"],
)
def test_what_is_too_large_or_too_deep_is_shown_as_it_is_written(text: str) -> None:
    assert str(render_markdown(text)).startswith('<pre class="wrap"')


def test_only_the_web_and_mailboxes_can_be_linked() -> None:
    assert [is_safe_link(url) for url in ("http://a", "HTTPS://a", "mailto:a@b")] == [True] * 3
    assert not any(is_safe_link(url) for url in ("ftp://a", "//a", "data:x", "file:///a", "http//a", "https://[", ""))
