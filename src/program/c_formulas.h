/* Functions of numbers as texts in C99, which scripts/c-formulas takes from the sources that kernels are made of. */
#ifndef ADZE_PROGRAM_C_FORMULAS_H
#define ADZE_PROGRAM_C_FORMULAS_H

#include "program/operations.h"

/* A function, a type or a constant, behind those that it needs. */
typedef struct ad_c_formula {
    const char *name, *text;
} ad_c_formula;

extern const ad_c_formula ad_c_formulas[]; /* the last has no name */

/* The function of an operation, by name; or NULL. */
extern const char *const ad_c_roots[AD_PROGRAM_OP_COUNT];

#endif
