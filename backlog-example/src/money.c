#include "purse.h"

#include <stdlib.h>

int money_parse(const char *text, long *cents) {
    int negative = *text == '-';
    long amount = 0;
    int digits = 0;
    int places = 0;

    if (negative) {
        text++;
    }
    for (; *text >= '0' && *text <= '9' && digits < 9; text++, digits++) {
        amount = amount * 10 + (*text - '0');
    }
    if (digits == 0) {
        return -1;
    }
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9' && places < 2; text++, places++) {
            amount = amount * 10 + (*text - '0');
        }
        if (places == 0) {
            return -1;
        }
    }
    if (*text != '\0') {
        return -1;
    }
    for (; places < 2; places++) {
        amount *= 10;
    }
    *cents = negative ? -amount : amount;
    return 0;
}

void money_format(long cents, char *text, size_t size) {
    const char *sign = cents < 0 ? "-" : "";
    long amount = labs(cents);

    snprintf(text, size, "%s%ld.%02ld", sign, amount / 100, amount % 100);
}
