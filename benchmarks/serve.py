"""The peers' side of contender.ts: answers requests, a line of JSON each."""
import json
import sys


def serve(**handlers):
    for line in sys.stdin:
        values = json.loads(line)
        answer = handlers[values.pop("request")](**values)
        print(json.dumps(answer), flush=True)
