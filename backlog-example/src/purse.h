/* purse: a ledger of small expenses in a plain text file. */
#ifndef PURSE_H
#define PURSE_H

#include <stddef.h>
#include <stdio.h>

/* Longest line of a ledger or of purse.conf, in bytes. */
#define LINE_LIMIT 512

/* money.c: amounts are whole cents; no float ever holds money. */

/* Reads "4.50", "-12" or "3.5". Returns 0, or -1 if the text is no amount. */
int money_parse(const char *text, long *cents);

/* Writes "4.50" into text. */
void money_format(long cents, char *text, size_t size);

/* ledger.c: the file, one entry a line: DATE AMOUNT NOTE. */

struct entry {
    char date[11];
    long cents;
    char note[LINE_LIMIT];
};

struct ledger {
    struct entry *entries;
    size_t length;
    size_t room;
};

/* Adds the entries of a file. Returns 0, or -1 after a message on stderr. */
int ledger_read(struct ledger *ledger, const char *path);

/* Adds the entry that a line holds. Returns 0, or -1 if it holds none. */
int ledger_add(struct ledger *ledger, const char *line);

/* config.c: purse.conf, lines of KEY = VALUE. */

struct config {
    char currency[8];
};

/* Reads a file over the defaults; a missing file is fine. Returns 0 or -1. */
int config_read(struct config *config, const char *path);

/* main.c */

struct purse {
    const char *file;
    struct config config;
    struct ledger ledger;
};

#endif
