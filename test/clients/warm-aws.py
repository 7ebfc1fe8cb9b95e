"""The AWS CLI without the second that it takes to start: imported once, each call runs in a fork of this process.

Argument: a folder that is there. Puts a command `aws` into it, says `ready`, and ends when its input ends. That command
gives its arguments, folder, environment and standard files to this process and ends as the call does.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback

before = dict(os.environ)
from awscli import clidriver

# The CLI tells itself where its data is.
OWN = {name: value for name, value in os.environ.items() if before.get(name) != value}
COMMAND = """#!{python} -IS
import json, os, socket, sys
call = socket.socket(socket.AF_UNIX)
call.connect({address!r})
asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(call, [len(asked).to_bytes(4, "big")], [0, 1, 2])
call.sendall(asked)
sys.exit(call.recv(1)[0])
"""


def run(arguments):
    sys.argv = ["aws", *arguments]
    try:
        return clidriver.main()
    except SystemExit as end:
        return end.code


def warm():
    """Whatever the CLI loads when it first needs it is here after a call, also after one that reaches nobody."""
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_MAX_ATTEMPTS="1")
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        run(["sts", "get-caller-identity", "--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:1"])


def answer(call):
    size, files, _, _ = socket.recv_fds(call, 4, 3)
    with call.makefile("rb") as stream:
        arguments, folder, environment = json.loads(stream.read(int.from_bytes(size, "big")))
    for target, file in enumerate(files):
        os.dup2(file, target)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update({**environment, **OWN})
    time.tzset()
    code = run(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    call.sendall(bytes([code or 0]))


folder = sys.argv[1]
address = os.path.join(folder, "socket")
warm()
listener = socket.socket(socket.AF_UNIX)
listener.bind(address)
listener.listen(64)
command = os.path.join(folder, "aws")
with open(command, "w") as file:
    file.write(COMMAND.format(python=sys.executable, address=address))
os.chmod(command, 0o755)
print("ready", flush=True)

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
    call, _ = listener.accept()
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        listener.close()
        try:
            answer(call)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    call.close()
