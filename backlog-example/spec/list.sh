# How entries are listed.
. tests/tap

is 'one line per entry' '2026-03-01 4.50 coffee and cake
2026-03-02 -12.00 refund from the railway
2026-03-02 0.90 Ada'"'"'s postcard
2026-03-03 23.50 train to Ulm' "$purse" -f tests/march.txt list
finish
