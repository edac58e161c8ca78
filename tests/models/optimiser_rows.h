/* What a test knows of an optimiser: settings to try, its formula for one number in long double, and settings that
 * make no sense. */
#ifndef ADZE_TESTS_OPTIMISER_ROWS_H
#define ADZE_TESTS_OPTIMISER_ROWS_H

#include "adze/model.h"

enum { MOST_SETTINGS = 11 };

/* One number and its states, by the formula. */
typedef struct oracle {
    long double x, state[AD_MAX_STATES];
} oracle;

/* Settings that make no sense, and what the message says of them. */
typedef struct bad_settings {
    const void *settings;
    const char *word;
} bad_settings;

typedef struct optimiser_row {
    const char *name;
    const ad_optimiser *own; /* NULL: the built-in one of this name */
    const void *settings;    /* to be tried, one after another; the second needs all states */
    size_t settings_size, count;
    void (*step)(const void *settings, long double g, int t, oracle *n); /* NULL: not by numbers */
    bad_settings bad[MOST_SETTINGS];
} optimiser_row;

#define COUNT(list)    (sizeof(list) / sizeof *(list))
#define SETTINGS(list) .settings = list, .settings_size = sizeof *(list), .count = COUNT(list)

/* Those of the library. */
extern const optimiser_row builtin_rows[];
extern const size_t builtin_count;

#endif
