"""Two builds of thaw on the same model, in turn: what a change did to the speed.

usage: builds.py BEFORE AFTER MODEL.pb [--shape 1x300x300x3] [--images PHOTOGRAPHS] [--pairs 9] [--runs 100]

BEFORE and AFTER are thaw programs. For each precision and number of threads both run `thaw bench`
pair by pair, the first of a pair taking turns, and the median of the pairs' ratios is printed: time
of BEFORE over time of AFTER, above 1 where AFTER is faster. INT8 needs --images to choose ranges.
"""
import argparse
import json
import statistics
import subprocess


def milliseconds(program, args, precision, threads):
    command = [program, "bench", args.model, "--json", "--precision", precision, "--threads", str(threads),
               "--runs", str(args.runs), "--warmup", "10"]
    if args.shape:
        command += ["--shape", args.shape]
    if precision == "INT8":
        command += ["--calibrate", args.images]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result["ms"]["p50"], result["stages_ms"]["network"]


def compare(args, precision, threads):
    whole, network, after = [], [], []
    for pair in range(args.pairs):
        programs = [args.before, args.after] if pair % 2 == 0 else [args.after, args.before]
        times = {program: milliseconds(program, args, precision, threads) for program in programs}
        (before_ms, before_network), (after_ms, after_network) = times[args.before], times[args.after]
        whole.append(before_ms / after_ms)
        network.append(before_network / after_network)
        after.append(after_ms)
    print(f"| {precision} | {threads} | {statistics.median(after):.2f} | {statistics.median(whole):.3f} "
          f"({min(whole):.3f} to {max(whole):.3f}) | {statistics.median(network):.3f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("model")
    parser.add_argument("--shape")
    parser.add_argument("--images")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    print("| numbers | threads | ms after | before / after | network alone |\n| --- | --- | --- | --- | --- |", flush=True)
    for precision in ["FP32", "BF16"] + (["INT8"] if args.images else []):
        for threads in args.threads:
            compare(args, precision, threads)


if __name__ == "__main__":
    main()
