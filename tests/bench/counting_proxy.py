# SPDX-License-Identifier: Apache-2.0
"""A proxy in front of one HTTP server that counts what passes: connections and requests."""
import re
import socket
import socketserver
import threading

# Lampyr's requests are not pipelined and their bodies are JSON, so that a request line is found by its form.
REQUEST_LINE = re.compile(rb"(?:GET|POST|PUT) \S+ HTTP/1\.1\r\n")


class CountingProxy:
    """Listens on a port of the kernel's choice from the start to close()."""

    def __init__(self, host, port):
        self.upstream = (host, port)
        self.connections = 0
        self.requests = 0
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                proxy.relay(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        self.connections = 0
        self.requests = 0

    def relay(self, client):
        self.connections += 1
        with socket.create_connection(self.upstream) as server:
            back = threading.Thread(target=self._copy, args=(server, client), daemon=True)
            back.start()
            while data := client.recv(65536):
                self.requests += len(REQUEST_LINE.findall(data))
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
            back.join()

    @staticmethod
    def _copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass  # the client has gone

    def close(self):
        self.server.shutdown()
        self.server.server_close()
