#!/bin/sh
# Stands for the tool of that name in the image apache/kafka, by which docker-compose.yml asks whether the broker answers:
# Maven Central has no jar with it. Ends with 0 where --bootstrap-server HOST:PORT answers an ApiVersions request.
set -eu
address=$2
answer=$(printf '\0\0\0\012\0\022\0\0\0\0\0\001\377\377' | timeout 2 nc "${address%:*}" "${address#*:}" | head -c 10 | od -An -tx1 | tr -d ' \n')
# size, the request's correlation id 1, no error
[ "${answer#????????}" = 000000010000 ]
