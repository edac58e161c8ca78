/* A program's text in C: what its files share. */
#ifndef ADZE_PROGRAM_C_TEXT_H
#define ADZE_PROGRAM_C_TEXT_H

#include "program/plan.h"
#include "program/stream.h"

enum { AD_C_LONGEST_NAME = 48 };

typedef struct ad_c_text {
    ad_plan plan;
    ad_program_c_options options;
    const char *name;
    char capitals[AD_C_LONGEST_NAME + 1]; /* the name in capitals, for macros */
    uint32_t event, statement;     /* the first that is not written, and the first without tables */
    bool uses_inputs, uses_memory; /* the part that tables were written for */
    ad_stream text;
} ad_c_text;

/* How an operation is written: between its operands, or as a function. */
bool ad_c_is_function(uint32_t op);

/* The functions that the program needs (c_functions.c). */
void ad_c_write_functions(ad_c_text *c);

/* The body of a part, within braces; and the outputs (c_statements.c). */
void ad_c_write_part(ad_c_text *c, uint32_t part);
void ad_c_write_outputs(ad_c_text *c);

/* Tables that the part needs, before the part; outputs are the part behind the last. Part by part. */
void ad_c_write_tables(ad_c_text *c, uint32_t part);

#endif
