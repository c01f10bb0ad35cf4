"""A certificate authority of the test's own, by openssl."""

import subprocess


class Authority:
    def __init__(self, folder):
        self._folder = folder
        folder.mkdir()
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={folder.name}",
                      "-keyout", self._key, "-out", self.certificate)  # fmt: skip

    def server_store(self):
        """What a broker on 127.0.0.1 shows: key and chain in one PEM file."""
        key, request, certificate = (self._folder / name for name in ("server.key", "server.csr", "server.pem"))
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", request)
        extensions = self._folder / "extensions"
        extensions.write_text("subjectAltName = IP:127.0.0.1\n")
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                      "-days", "2", "-extfile", extensions, "-out", certificate)  # fmt: skip
        store = self._folder / "store.pem"
        store.write_text(key.read_text() + certificate.read_text() + self.certificate.read_text())
        return store

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
