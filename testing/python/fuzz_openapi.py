"""Runs schemathesis' command line: requests made from an OpenAPI document, answers judged by it.

It keeps what it learns in the folder that it runs in: one of its own, gone at the end, so that runs are alike.
"""

import os
import tempfile

from schemathesis.cli import schemathesis

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    schemathesis()
