/* Scalar code, inside: a list of instructions on numbered slots. */
#ifndef ADZE_PROGRAM_SCALAR_CODE_H
#define ADZE_PROGRAM_SCALAR_CODE_H

#include "program/scalar.h"
#include "program/scalar_forms.h"

/* d is the slot of the result, a, b and c are those of the operands. A guard has which of them it is in c, and what
 * does not fit there in d. */
typedef struct ad_short_instruction {
    uint16_t form, d, a, b, c;
} ad_short_instruction;

/* For more than 2^16 slots. */
typedef struct ad_long_instruction {
    uint32_t form, d, a, b, c;
} ad_long_instruction;

enum { AD_SHORT_SLOTS = 1 << 16 };

struct ad_scalar_code {
    const ad_program *program;
    size_t bytes;          /* of the struct and the lists, one piece of memory */
    uint32_t slots;        /* constants, then inputs, are in the first of them */
    uint32_t instructions; /* and an end */
    bool is_long;
    void *instruction;
    uint32_t *output;                /* [outputs] slots */
    ad_block *call[AD_PROGRAM_powi]; /* kernels, of operations that are called */
};

/* Runs the instructions. Returns what ad_scalar_run does. */
typedef uint32_t ad_scalar_loop(const ad_scalar_code *code, double *slot);
ad_scalar_loop ad_scalar_run_short, ad_scalar_run_long;

#endif
