#!/bin/bash
# What a new operator does on a bare Debian, as root in the folder with the files. tests/bare_machine/__main__.py says the rest.
set -uo pipefail
. ./facts.sh
# A number of its own: a machine that shares its network shares the displays' sockets, too.
export DISPLAY=:$((1000 + $$ % 50000)) XDG_RUNTIME_DIR=/tmp/runtime LANG=C.UTF-8
install -d -m 700 "$XDG_RUNTIME_DIR"
settings=$HOME/.config/pipeline-gui/settings.toml

step() { echo "step: $*"; }
picture() { import -window root "/tmp/$1.png" && echo "picture $1.png" && base64 "/tmp/$1.png" && echo "end of picture"; }
fail() { echo "failed: $*"; picture failed; cat ~/.local/state/pipeline-gui/log/*.log /tmp/window.log; exit 1; }
now() { date +%s%3N; }
until_true() { # SECONDS WHAT COMMAND…
  local seconds=$1 what=$2 begin; shift 2; begin=$(now)
  until "$@" >/dev/null 2>&1; do
    [ $(($(now) - begin)) -lt $((seconds * 1000)) ] || fail "waited $seconds s in vain for $what"
    sleep 0.05
  done
  echo "  $what: $(($(now) - begin)) ms"
}
window() { xdotool search --onlyvisible --name "$1"; }
keys() { xdotool key --delay 40 "$@"; sleep 0.2; }
types() { xdotool type --delay 4 -- "$1"; }
open_window() { # a part of its title
  pipeline-gui >/tmp/window.log 2>&1 & program=$!
  until_true 20 "a window “$1”" window "$1"
  xdotool windowactivate --sync "$(window "$1" | head -1)" || fail "the window can't be activated"
}
has_ended() { ! kill -0 "$program"; }
close_window() { # KEYS… for what it asks
  keys alt+F4
  for key in "$@"; do sleep 1; keys "$key"; done
  until_true 20 "closed" has_ended
  wait "$program" || fail "closing ended with $?"
}
is_running() { pipeline-gui status --json | grep -q '"phase": "running"'; }
is_idle() { pipeline-gui status --json | grep -q '"is_running": false'; }
answers() { is_running || is_idle; }
fill_page() { # from the first field on: the database, its password, Spark, its token, the certificates
  types "$DATABASE_URL"; keys Tab; types "$PASSWORD"; keys Tab Tab
  types "$SPARK_URL"; keys Tab; types "$TOKEN"; keys Tab; types /etc/ssl/our-authority.pem
}

step install
install -m 644 authority.pem /etc/ssl/our-authority.pem
! command -v python3 || fail "the machine has a Python"
apt-get update -qq || fail "no list of packages"
begin=$(now); apt-get install -y -qq --no-install-recommends "./$OLDER" >/tmp/install.log 2>&1 || { cat /tmp/install.log; fail "install"; }
echo "  installed within $(($(now) - begin)) ms"
[ "$(pipeline-gui --version)" = "pipeline-gui $VERSION" ] || fail "version"

step "nothing to open a window on"
said=$(pipeline-gui 2>&1) && fail "it ended well"
[ "$(wc -l <<<"$said")" = 1 ] || fail "more than one line: $said"
echo "  $said"
apt-get install -y -qq --no-install-recommends xvfb xdotool imagemagick openbox dbus gnome-keyring >/tmp/tools.log 2>&1 || { cat /tmp/tools.log; fail "tools"; }
Xvfb "$DISPLAY" -screen 0 1200x860x24 -nolisten tcp >/dev/null 2>&1 & screen=$!
sleep 1; kill -0 $screen || fail "no display"
openbox >/dev/null 2>&1 & manager=$!
trap 'kill $screen $manager $(jobs -p) 2>/dev/null' EXIT

step "a system library is missing"
hidden=$(ldconfig -p | sed -n 's/.*libxcb-cursor.so.0 .*=> //p'); mv "$hidden" /tmp/hidden
said=$(pipeline-gui 2>&1) && fail "it ended well"
mv /tmp/hidden "$hidden"
[ "$(wc -l <<<"$said")" = 1 ] && grep -q libxcb-cursor.so.0 <<<"$said" || fail "it says: $said"
echo "  $said"

step "the first page, without a keyring"
open_window Pipelines
sleep 1; picture 1-first-page
fill_page
keys alt+t alt+s
sleep 3; picture 2-tested
keys alt+c
sleep 4; picture 3-no-keyring
[ ! -e "$settings" ] || fail "secrets were kept without a question"
keys alt+k alt+c
until_true 20 "settings" test -e "$settings"
[ "$(stat -c %a "$settings")" = 600 ] || fail "the settings are not private"

step "it connects by itself"
until_true 20 "both servers answer" answers
sleep 2; xdotool windowactivate --sync "$(window Pipelines | head -1)"
sleep 1; picture 4-connected

step start
keys ctrl+r
until_true 20 "the run runs" is_running
sleep 1; keys ctrl+l; sleep 2; picture 5-running

step "closed, and opened again while it runs"
close_window Return
open_window Pipelines
sleep 2; picture 6-opened-again
is_running || fail "the run did not go on"

step stop
keys ctrl+period
until_true 30 "nothing runs" is_idle
pipeline-gui runs --json | grep -q '"status": "stopped"' || fail "it is not recorded as stopped"
sleep 1; picture 7-stopped
close_window

step upgrade
[ -e /usr/lib/pipeline-gui/only-in-the-older ] || fail "the older package was not installed"
before=$(sha256sum "$settings")
apt-get install -y -qq "./$NEWER" >/tmp/upgrade.log 2>&1 || { cat /tmp/upgrade.log; fail "upgrade"; }
[ ! -e /usr/lib/pipeline-gui/only-in-the-older ] || fail "a file of the older one is left"
[ "$before" = "$(sha256sum "$settings")" ] || fail "the settings are others"
open_window Pipelines
sleep 2; picture 8-upgraded
close_window

step "the administrator's settings"
mkdir -p /etc/pipeline-gui
printf 'name = "production"\ncolor = "#b00020"\nlocked = ["name"]\n' >/etc/pipeline-gui/settings.toml
pipeline-gui doctor || fail "the doctor finds something"
open_window production
picture 9-named
close_window

step "a keyring"
rm "$settings"
{ read -r DBUS_SESSION_BUS_ADDRESS; read -r bus; } < <(dbus-daemon --session --fork --print-address=1 --print-pid=1)
export DBUS_SESSION_BUS_ADDRESS
printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null || fail "no keyring"
open_window Pipelines
sleep 1; fill_page; keys alt+c
until_true 30 "settings" test -e "$settings"
grep -q "correct\|$TOKEN" "$settings" && fail "a secret is in the settings"
until_true 20 "both servers answer, by the keyring's secrets" answers
close_window
kill "$bus"

step "nothing was left behind"
ls -d /tmp/_MEI* 2>/dev/null && fail "something was unpacked"
apt-get remove -y -qq pipeline-gui >/tmp/remove.log 2>&1 || { cat /tmp/remove.log; fail "remove"; }
for place in /usr/lib/pipeline-gui /usr/bin/pipeline-gui /usr/share/applications/pipeline-gui.desktop; do
  [ ! -e "$place" ] || fail "$place is left"
done
[ -e "$settings" ] || fail "the settings went with it"
echo "all was as it should be"
