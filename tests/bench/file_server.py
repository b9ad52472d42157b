# SPDX-License-Identifier: Apache-2.0
"""An HTTP server of a folder's files that counts what it sends."""
import functools
import http.server
import os
import threading


class FileServer:
    """Listens on a port of the kernel's choice from the start to close()."""

    def __init__(self, folder):
        self.files = 0
        self.bytes = 0
        counts = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def copyfile(self, source, outputfile):
                counts.files += 1
                counts.bytes += os.fstat(source.fileno()).st_size
                super().copyfile(source, outputfile)

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        self.files = 0
        self.bytes = 0

    def close(self):
        self.server.shutdown()
        self.server.server_close()
