#include "purse.h"

#include <stdlib.h>
#include <string.h>

static int total(struct purse *purse, char **words) {
    char amount[32];
    long cents = 0;
    size_t i;

    (void)words;
    for (i = 0; i < purse->ledger.length; i++) {
        cents += purse->ledger.entries[i].cents;
    }
    money_format(cents, amount, sizeof amount);
    printf("%s %s\n", amount, purse->config.currency);
    return 0;
}

static int list(struct purse *purse, char **words) {
    char amount[32];
    size_t i;

    (void)words;
    for (i = 0; i < purse->ledger.length; i++) {
        const struct entry *entry = &purse->ledger.entries[i];
        money_format(entry->cents, amount, sizeof amount);
        printf("%s %s %s\n", entry->date, amount, entry->note);
    }
    return 0;
}

static const struct {
    const char *name;
    int (*run)(struct purse *purse, char **words);
    const char *help;
} commands[] = {
    {"total", total, "the sum of all amounts"},
    {"list", list, "one line per entry"},
};

static int usage(void) {
    size_t i;

    fprintf(stderr, "usage: purse [-f FILE] COMMAND\n");
    for (i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        fprintf(stderr, "  %-6s %s\n", commands[i].name, commands[i].help);
    }
    return 2;
}

int main(int argc, char **argv) {
    struct purse purse;
    size_t i;

    memset(&purse, 0, sizeof purse);
    purse.file = getenv("PURSE_FILE");
    if (purse.file == NULL) {
        purse.file = "purse.txt";
    }
    argv++;
    if (argc > 2 && strcmp(argv[0], "-f") == 0) {
        purse.file = argv[1];
        argv += 2;
    }
    if (argv[0] == NULL) {
        return usage();
    }
    for (i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[0], commands[i].name) == 0) {
            if (config_read(&purse.config, "purse.conf") != 0
                || ledger_read(&purse.ledger, purse.file) != 0) {
                return 1;
            }
            return commands[i].run(&purse, argv + 1);
        }
    }
    return usage();
}
