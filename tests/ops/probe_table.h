/* The tests that walk a table of operations, or of functions made of them. */
#ifndef ADZE_TESTS_PROBE_TABLE_H
#define ADZE_TESTS_PROBE_TABLE_H

#include "probe_gradient.h"

#include <check.h>

/* An op without derivative: its values at [1, 2, 3] and [2, 2, 2]. */
typedef struct value_case {
    const char *name, *covers;
    ad_function *f;
    double y[3];
} value_case;

typedef struct op_table {
    const gradient_case *cases;
    int case_count;
    const value_case *values;
    int value_count;
} op_table;

/* A test program defines its own, before it makes a suite. */
extern op_table the_table;

/* Every case under every check. */
TCase *row_checks(void);

/* The same, with the values. */
Suite *table_suite(void);

#endif
