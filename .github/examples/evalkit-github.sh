#!/usr/bin/env bash
# What the workflows beside this file say to GitHub, and hear from it. Copy it to .github/ of the default branch.
#
#   evalkit-github.sh gate CONFIG PULL   judge CONFIG at the commit that is checked out there: status, comment, files
#   evalkit-github.sh waiting            pulls=[{"pull": 7, "sha": "..."}] for $GITHUB_OUTPUT: whose status is pending
#   evalkit-github.sh take NAME...       import the bundles of the newest artifacts of these names, where there are any
#   evalkit-github.sh keep FOLDER        write a bundle of all runs of the store, for an artifact
#
# It needs bash, jq, git, python3 and gh, which GitHub's runners have, with GH_TOKEN set; and evalkit.
set -euo pipefail

status_name=${STATUS:-evalkit}
baseline=${BASELINE:-label:main}  # said here and not in the config alone, which the pull request may have changed
here=repos/$GITHUB_REPOSITORY
page=${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_REPOSITORY/actions/runs/${GITHUB_RUN_ID:-}

gate() {
  local config=$1 pull=$2 folder sha code=0 runs
  folder=$config
  [ -d "$folder" ] || folder=$(dirname "$config")
  sha=$(git -C "$folder" rev-parse HEAD)
  rm -rf gate && mkdir gate
  evalkit gate --config "$config" --baseline "$baseline" --label "$sha" --out gate/verdict.json --junit gate/junit.xml \
    --comment gate/comment.md --report-url "$page" || code=$?
  tell "$sha" "$code"
  if [ -s gate/comment.md ]; then
    comment "$pull" gate/comment.md
  fi
  if [ "$code" = 0 ] || [ "$code" = 3 ] || [ "$code" = 4 ]; then
    runs=$(jq -r '[.checks[] | .baseline_run, .candidate_run | values] | unique | .[]' gate/verdict.json)
    # The page is a help for readers: where it cannot be made, the verdict stands.
    # shellcheck disable=SC2086
    [ -z "$runs" ] || evalkit report --config "$config" --out gate/report.html $runs || echo "::warning::no page"
  fi
  # The verdict is told by the status of the commit. This job is red only where there is none.
  case $code in 0 | 3 | 4 | 5) ;; *) exit "$code" ;; esac
}

# The status of a commit, by the exit code of `evalkit gate`.
tell() {
  local sha=$1 code=$2 state said="ended with exit code $2 and without a verdict"
  case $code in
    0) state=success ;;
    3) state=failure ;;
    5) state=pending ;;
    # INCONCLUSIVE among them: a commit's status knows no `neutral`, and a neutral check would let a merge through.
    *) state=error ;;
  esac
  if [ -s gate/verdict.json ]; then
    said=$(jq -r '"\(.verdict): \(.rule)"[:140]' gate/verdict.json)
  fi
  gh api --silent --method POST "$here/statuses/$sha" -f state="$state" -f context="$status_name" \
    -f description="$said" -f target_url="$page"
}

# The comment that begins with the same hidden marker is updated in place; only a bot's own, or anybody could lay one
# out to be overwritten.
comment() {
  local pull=$1 file=$2 marker found
  marker=$(head -n 1 "$file")
  found=$(gh api --paginate "$here/issues/$pull/comments?per_page=100" |
    jq -r --arg marker "$marker" '.[] | select(.user.type == "Bot" and (.body | startswith($marker))) | .id' |
    head -n 1)
  if [ -n "$found" ]; then
    gh api --silent --method PATCH "$here/issues/comments/$found" -F body=@"$file"
  else
    gh api --silent --method POST "$here/issues/$pull/comments" -F body=@"$file"
  fi
}

waiting() {
  local pulls pull sha state
  pulls=$(gh api --paginate "$here/pulls?state=open&per_page=100" | jq -r '.[] | "\(.number) \(.head.sha)"')
  while read -r pull sha; do
    [ -n "$pull" ] || continue
    state=$(gh api "$here/commits/$sha/status?per_page=100" |
      jq -r --arg name "$status_name" '[.statuses[] | select(.context == $name)][0].state // ""')
    [ "$state" != pending ] || jq -nc --argjson pull "$pull" --arg sha "$sha" '{pull: $pull, sha: $sha}'
  done <<<"$pulls" | jq -sc . | sed 's/^/pulls=/'
}

take() {
  local name id file folder
  for name in "$@"; do
    # Artifacts of a fork's own workflow runs carry any name they like, so only those of this repository count.
    id=$(gh api "$here/actions/artifacts?name=$name&per_page=100" |
      jq -r '[.artifacts[] | select((.expired | not) and .workflow_run.head_repository_id == .workflow_run.repository_id)]
             | sort_by(.created_at) | last | .id // empty')
    [ -n "$id" ] || continue
    folder=$(mktemp -d)
    gh api "$here/actions/artifacts/$id/zip" >"$folder/artifact.zip"
    python3 -m zipfile -e "$folder/artifact.zip" "$folder"
    for file in "$folder"/*.evalkit; do
      evalkit import "$file"
    done
  done
}

keep() {
  local runs
  runs=$(evalkit runs --json | jq -r '[.runs[].run] | unique | .[]')
  mkdir -p "$1"
  # shellcheck disable=SC2086
  [ -z "$runs" ] || evalkit export --bundle "$1/runs.evalkit" $runs
}

case ${1:-} in
  gate | waiting | take | keep) "$@" ;;
  *) sed -n '2,/^set /{/^#/p}' "$0" >&2 && exit 2 ;;
esac
