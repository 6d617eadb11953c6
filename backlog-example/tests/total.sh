# A promise to users: the sum, to the cent.
. tests/tap

is 'the sum of a file' '16.90 EUR' "$purse" -f tests/march.txt total
is 'a last line without an end counts' '4.00 EUR' sh -c \
    'printf "2026-03-01 1 tea\n2026-03-01 3 rice" >build/open.txt; build/purse -f build/open.txt total'
is 'a missing file is an error' 'purse: cannot read build/none.txt
exit 1' "$purse" -f build/none.txt total
finish
