"""Runs schemathesis: it makes requests from an OpenAPI document, and checks the responses against it.

schemathesis stores what it learns in the current folder. Each run gets a temporary one, so that all runs are alike.
"""

import os
import tempfile

from schemathesis.cli import schemathesis

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    schemathesis()
