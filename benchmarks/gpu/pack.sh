#!/bin/sh
# Packs Node 24 and the packages that are needed at run time into .bench/gpu-bundle.tar.xz, for run.sh on a machine without
# a network. Run it where `npm run setup` has run, on the same kind of processor.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .bench
{
  npm ls --omit=dev --all --parseable | sed -n "s#^$PWD/##p" | grep node_modules/
  echo node_modules/node/bin/node
  echo node_modules/node-api-headers
} | sort -u | tar --files-from=- --xz -cf .bench/gpu-bundle.tar.xz
ls -l .bench/gpu-bundle.tar.xz
