# A promise to users: which amounts are taken, and that a wrong one is refused with its place.
. tests/tap

amount() {
    printf '2026-03-01 %s tea\n' "$1" >build/amount.txt
    "$purse" -f build/amount.txt total
}
refused='purse: build/amount.txt:1: expected DATE AMOUNT NOTE
exit 1'

is 'cents' '4.50 EUR' amount 4.50
is 'one decimal is tens of cents' '4.50 EUR' amount 4.5
is 'whole units' '4.00 EUR' amount 4
is 'a refund' '-0.05 EUR' amount -0.05
is 'three decimals are refused' "$refused" amount 1.234
is 'thousands are not guessed' "$refused" amount 1,234
is 'words are refused' "$refused" amount four
is 'half an amount is refused' "$refused" amount 4.
finish
