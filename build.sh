#!/usr/bin/env bash
# Runs on VCR's build machine. dist/main.js is the server; what V8 compiles of it is kept beside it for this version of Node.
set -euo pipefail
cd "$(dirname "$0")"

# The compiler and the bundler are development dependencies; NODE_ENV=production would leave them out.
npm ci --include=dev
npm run build
npm prune --omit=dev
