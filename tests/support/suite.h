/* What every test program shares: running its suite, and choosing rows of its tables.
 *
 * With ADZE_ROW=text in the environment, a program runs the rows whose names contain the text, and nothing else. It
 * fails if it has no such row. */
#ifndef ADZE_TESTS_SUITE_H
#define ADZE_TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Runs a suite and frees it. The exit status of the program. */
int run_suite(Suite *suite);

/* The name of a row of a table. */
typedef const char *row_name(int row);

/* Adds the test once for each of the rows 0 ... count - 1 that are wanted. */
void add_row_tests(TCase *tests, const TTest *test, int count, row_name *name);

/* A file below tests/, to read; NULL if there is none. */
FILE *open_test_file(const char *file);

/* The same for rows that a file below tests/ holds: lines that begin with the key, a blank and a name. */
void add_file_row_tests(TCase *tests, const TTest *test, const char *file, const char *key);

/* Adds a test that goes through a table by itself, and asks which rows are wanted. */
void add_table_test(TCase *tests, const TTest *test, int begin, int end);
bool row_is_wanted(const char *name);

/* Before the tests of a line of docs/porting.md, which scripts/edges-doc writes from it: an edge in words, adze's
 * value, and those of other tools, "" where they were not measured. */
#define PEERS(edge, adze, pytorch, jax, tensorflow, mlx, casadi, adol_c, sacado)

#endif
