# How a ledger becomes a database.
. tests/tap

rows() {
    tools/to-sql tests/march.txt | grep '^insert' | sed 's/.*values //'
}

is 'one row per entry' "('2026-03-01', 450, 'coffee and cake');
('2026-03-02', -1200, 'refund from the railway');
('2026-03-02', 90, 'Ada''s postcard');
('2026-03-03', 2350, 'train to Ulm');" rows
finish
