/* Prints the results: a table for people, JSON for programs. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "ceiling.h"
#include "measure.h"

/* Rows of at most 100 characters. */
void report_heading(void);
void report_ceiling(int threads, const ceiling *c);
void report_row(const bench_result *r, const ceiling *c);

typedef struct report report;

report *report_new(void);
void report_add_ceiling(report *o, int threads, const ceiling *c);
void report_add(report *o, const bench_result *r, const ceiling *c);

/* Writes the JSON to a file, unless path is NULL, and ends the report. */
void report_end(report *o, FILE *file, const char *path);

#endif
