"""A network that can be made bad: it stands between the agent and a broker, on loopback."""

import asyncio
import contextlib
import random
import struct
import threading

PIECE_BYTES_MAX = 64 << 10


class Proxy:
    """Forwards to `target` ("host:port", may be set later). What happens to it is set at any time, from any thread."""

    def __init__(self, target=None, seed=0):
        self.target = target
        self.delay = 0.0  # seconds, each way
        self.cut_chance = 0.0  # of each piece that passes: its connection is reset, the piece is lost
        self.stall_chance = 0.0  # of each piece: it comes a second late, as after a retransmission
        self._silent = False
        self._refusing = False
        self._random = random.Random(seed)
        self._connections = set()
        self.cuts = 0
        self._loop = asyncio.new_event_loop()
        self._server = None
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    # --- what happens ---

    def cut(self):
        """Every connection is reset, and new ones are as soon as they come."""
        self._refusing = True
        self._in_loop(self._reset_all)

    def silence(self):
        """Connections are taken and stay, and nothing passes any more."""
        self._silent = True

    def mend(self):
        """All is well; connections that were silent are reset, as what they held is gone."""
        was_silent, self._silent = self._silent, False
        self.delay = self.cut_chance = self.stall_chance = 0.0
        self._refusing = False
        if was_silent:
            self._in_loop(self._reset_all)

    # --- how ---

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._server.close()
        self._loop.run_until_complete(asyncio.sleep(0))

    def _in_loop(self, do):
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (do(), done.set()))
        done.wait()

    def _reset_all(self):
        for writer in self._connections:
            writer.transport.abort()

    async def _serve(self, reader, writer):
        if self._refusing:
            return writer.transport.abort()
        self._connections.add(writer)
        try:
            there_reader, there_writer = await asyncio.open_connection(*self.target.rsplit(":", 1))
        except OSError:
            self._connections.discard(writer)
            return writer.transport.abort()
        self._connections.add(there_writer)
        try:
            await asyncio.gather(self._pass_on(reader, there_writer), self._pass_on(there_reader, writer))
        except OSError:
            pass
        finally:
            for end in (writer, there_writer):
                self._connections.discard(end)
                end.transport.abort()

    async def _pass_on(self, reader, writer):
        """One direction: what is read is due later, in its order."""
        due = asyncio.Queue(maxsize=1000)
        sender = asyncio.ensure_future(self._send(due, writer))
        try:
            while piece := await reader.read(PIECE_BYTES_MAX):
                if self._random.random() < self.cut_chance:
                    self.cuts += 1
                    break
                late = 1.0 if self._random.random() < self.stall_chance else 0.0
                await due.put((self._loop.time() + self.delay + late, piece))
            raise ConnectionResetError
        finally:
            sender.cancel()

    async def _send(self, due, writer):
        while True:
            when, piece = await due.get()
            await asyncio.sleep(max(0.0, when - self._loop.time()))
            while self._silent:
                await asyncio.sleep(0.05)
            writer.write(piece)
            await writer.drain()


class Forger(Proxy):
    """Passes all on, but what the broker says to the next produce request, once `error` is set: that it failed so."""

    PRODUCE = 0  # Kafka's number for the request

    def __init__(self):
        super().__init__()
        self.error = None

    async def _serve(self, reader, writer):
        there_reader, there_writer = await asyncio.open_connection(*self.target.rsplit(":", 1))
        asked = {}  # by correlation id

        def note(request):
            api, _, number = struct.unpack_from(">hhi", request)
            asked[number] = api

        def forge(answer):
            (number,) = struct.unpack_from(">i", answer)
            if asked.pop(number) == self.PRODUCE and self.error is not None:
                (topic_length,) = struct.unpack_from(">h", answer, 8)  # behind that number and the count of topics
                struct.pack_into(">h", answer, 10 + topic_length + 8, self.error)  # of the first partition
                self.error = None

        both = self._pass_frames(reader, there_writer, note), self._pass_frames(there_reader, writer, forge)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await asyncio.gather(*both)
        for end in (writer, there_writer):
            end.transport.abort()

    async def _pass_frames(self, reader, writer, look):
        while True:
            size = await reader.readexactly(4)
            frame = bytearray(await reader.readexactly(int.from_bytes(size, "big")))
            look(frame)
            writer.write(size + frame)
            await writer.drain()
