#include "purse.h"

#include <stdlib.h>
#include <string.h>

int ledger_add(struct ledger *ledger, const char *line) {
    struct entry entry;
    char amount[32];
    int rest = 0;

    if (sscanf(line, "%10[0-9-] %31s %n", entry.date, amount, &rest) != 2 || line[rest] == '\0') {
        return -1;
    }
    if (strlen(entry.date) != 10 || money_parse(amount, &entry.cents) != 0) {
        return -1;
    }
    snprintf(entry.note, sizeof entry.note, "%s", line + rest);
    if (ledger->length == ledger->room) {
        size_t room = ledger->room == 0 ? 64 : ledger->room * 2;
        struct entry *entries = realloc(ledger->entries, room * sizeof *entries);
        if (entries == NULL) {
            return -1;
        }
        ledger->entries = entries;
        ledger->room = room;
    }
    ledger->entries[ledger->length++] = entry;
    return 0;
}

int ledger_read(struct ledger *ledger, const char *path) {
    char line[LINE_LIMIT];
    int number = 0;
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        fprintf(stderr, "purse: cannot read %s\n", path);
        return -1;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        number++;
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }
        if (ledger_add(ledger, line) != 0) {
            fprintf(stderr, "purse: %s:%d: expected DATE AMOUNT NOTE\n", path, number);
            fclose(file);
            return -1;
        }
    }
    fclose(file);
    return 0;
}
