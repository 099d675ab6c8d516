"""console.py SOCKET OUTPUT LINE: one terminal that comes over a socket of --console-socket: types LINE into it, and writes all that comes out of
it to OUTPUT until it is closed."""
import os, socket, sys

path, output, line = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path + '.new')
listener.listen(1)
os.rename(path + '.new', path)  # who sees it can connect
connection, _ = listener.accept()
_, (master,), _, _ = socket.recv_fds(connection, 100, 1)
os.unlink(path)
os.write(master, line.encode() + b'\n')
with open(output, 'wb', buffering=0) as file:
    try:
        while data := os.read(master, 4096):
            file.write(data)
    except OSError:
        pass
