# A promise to scripts: a wrong call exits with 2 and says how it is meant.
. tests/tap

first_line() {
    code=0
    "$purse" "$@" >build/usage.txt 2>&1 || code=$?
    sed 1q build/usage.txt
    return "$code"
}

is 'no command' 'usage: purse [-f FILE] COMMAND
exit 2' first_line
is 'an unknown command' 'usage: purse [-f FILE] COMMAND
exit 2' first_line dance
finish
