"""Runs a command on a pseudo terminal: argv = COLUMNS ROWS COMMAND…. Types `q` once trading is allowed. Prints JSON: the
exit code, the output, whether the terminal was in raw mode then, and whether its mode is as before in the end."""
import fcntl, json, os, pty, select, struct, subprocess, sys, termios

columns, rows, *command = sys.argv[1:]
terminal, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
before = termios.tcgetattr(slave)
control = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
process = subprocess.Popen(
    command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=control
)
output = b""
is_typed = is_raw = False
while True:
    if select.select([terminal], [], [], 0.1)[0]:
        output += os.read(terminal, 65536)
    elif process.poll() is not None:
        break
    if not is_typed and b"trading allowed" in output:
        is_raw = termios.tcgetattr(slave)[3] & termios.ICANON == 0
        os.write(terminal, b"q")
        is_typed = True
is_restored = termios.tcgetattr(slave) == before
print(json.dumps({"code": process.returncode, "raw": is_raw, "restored": is_restored, "output": output.decode()}))
