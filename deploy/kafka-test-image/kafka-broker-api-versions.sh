#!/bin/sh
# Replaces the tool of the same name in the image apache/kafka, because Maven Central has no jar with it. The health check
# of docker-compose.yml calls it. The exit code is 0 if --bootstrap-server HOST:PORT answers an ApiVersions request.
set -eu
address=$2
answer=$(printf '\0\0\0\012\0\022\0\0\0\0\0\001\377\377' | timeout 2 nc "${address%:*}" "${address#*:}" | head -c 10 | od -An -tx1 | tr -d ' \n')
# The answer begins with its size (ignored). Then come the correlation id 1 of the request, and error code 0.
[ "${answer#????????}" = 000000010000 ]
