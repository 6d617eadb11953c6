#include "purse.h"

#include <string.h>

static int set(struct config *config, const char *key, const char *value) {
    if (strcmp(key, "currency") == 0) {
        snprintf(config->currency, sizeof config->currency, "%s", value);
        return 0;
    }
    return -1;
}

int config_read(struct config *config, const char *path) {
    char line[LINE_LIMIT];
    char key[32];
    char value[32];
    FILE *file = fopen(path, "r");

    strcpy(config->currency, "EUR");
    if (file == NULL) {
        return 0;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#' || line[0] == '\n') {
            continue;
        }
        if (sscanf(line, "%31[a-z] = %31s", key, value) != 2 || set(config, key, value) != 0) {
            fprintf(stderr, "purse: %s: expected a known KEY = VALUE, found %s", path, line);
            fclose(file);
            return -1;
        }
    }
    fclose(file);
    return 0;
}
