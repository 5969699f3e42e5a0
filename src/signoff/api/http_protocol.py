"""HTTP as it comes in, where httptools is installed: its parser takes a fraction of the time of h11's, and is given the
bound that h11 has by itself."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Of a request's head, or of what follows its body. What is read at once may be larger.
HEAD_BYTES_MAX = 64 * 1024


class BoundedHttpProtocol(HttpToolsProtocol):
    """The parser keeps a head until it is complete. One that goes on for longer than anybody needs is refused."""

    _bytes_without_sense = 0

    def data_received(self, data: bytes) -> None:
        self._bytes_without_sense += len(data)
        super().data_received(data)
        if self._bytes_without_sense > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response("The head of this request is too large.")

    def on_headers_complete(self) -> None:
        self._bytes_without_sense = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._bytes_without_sense = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._bytes_without_sense = 0
        super().on_message_complete()
