"""asyncio_echo - an echo server in another language, to be graded as a command

Usage: python3 asyncio_echo.py PORT

On every address, all clients at once. SIGTERM ends it with status 0.
"""
import asyncio
import signal
import sys


async def echo(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
    except OSError:
        writer.close()


async def main(port):
    done = asyncio.Event()
    for number in signal.SIGTERM, signal.SIGINT:
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    try:
        server = await asyncio.start_server(echo, None, port)
    except OSError as error:
        sys.exit(f"asyncio_echo: cannot listen on port {port}: {error}")
    await done.wait()
    server.close()


def parse_port(text):
    # asyncio would take 70000 for 4464, its lower 16 bits.
    if not text.isdecimal() or int(text) > 65535:
        sys.exit(f"asyncio_echo: not a port: {text}")
    return int(text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: asyncio_echo.py PORT")
    asyncio.run(main(parse_port(sys.argv[1])))
