"""What a checker of an exercise imports: runs in the checker's own jail, on the standard library alone.

Documented for authors in docs/formats/exercise.md. Nothing here imports the rest of the project: the folder is
staged as it is and bound into the jail. Modules that are slow to import (dataclasses, http.client, typing) are
avoided: every case pays for them.
"""

from labkit.answers import Answer
from labkit.failing import Failed
from labkit.labs import Lab
from labkit.sockets import Connection, TcpUpstream
from labkit.web import HttpUpstream, Request, Response

__all__ = ["Answer", "Connection", "Failed", "HttpUpstream", "Lab", "Request", "Response", "TcpUpstream"]
