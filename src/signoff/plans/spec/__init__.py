"""Specs: a plan that a person writes in Markdown, and the file that it is compiled to. Pure: text in, values out."""
