#!/bin/sh
# docs/running.md holds the tables that the program prints: check_running_md.sh WARD docs/running.md
set -eu
ward=$1 document=$2
for topic in options exit-codes; do
    "$ward" help $topic | while IFS= read -r line; do
        grep -qxF -- "$line" "$document" || { echo "docs/running.md lacks: $line (put in what ward help $topic prints)"; exit 1; }
    done
done
