"""llama.cpp's own OpenAI-compatible server, as the xllamacpp wheel brings it.

python -m serving.llama_server MODEL.gguf SLOTS CONTEXT THREADS KEY
"""

from __future__ import annotations

import signal
import sys
import threading

import xllamacpp


def main() -> None:
    file, slots, context, threads, key = sys.argv[1:]
    params = xllamacpp.CommonParams()
    params.model.path = file
    params.n_parallel = int(slots)
    params.n_ctx = int(context) * int(slots)
    params.kv_unified = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(threads)
    params.api_keys = [key]
    params.verbosity = -1
    server = xllamacpp.Server(params)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    print(f"serving at {server.listening_address}", flush=True)
    ended.wait()


if __name__ == "__main__":
    main()
