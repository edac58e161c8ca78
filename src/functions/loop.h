/* The steps of a loop (ad_checkpoint_loop), each evaluated on the inner tape by itself.
 *
 * The states before a step lie in one row of numbers. So a step is a function of a row and
 * the other operands, and its value is a row. With tangents a row is twice as long, (states,
 * tangents), and so is a cotangent: (dy, its derivative along the tangents). */
#ifndef ADZE_FUNCTIONS_LOOP_H
#define ADZE_FUNCTIONS_LOOP_H

#include "functions/call.h"

typedef struct ad_loop_attr {
    ad_call call; /* its f is not used */
    ad_step_function *step;
    int64_t steps;
    int64_t kept; /* rows on the stack, at most */
    int states;   /* the first of the operands */
} ad_loop_attr;

/* A loop in one of the node's rules. */
typedef struct ad_loop {
    ad_workspace *work;
    const ad_loop_attr *a;
    const ad_view *x, *tx; /* [n]; tx is NULL without tangents */
    const ad_array *dx;    /* [n], where cotangents flow */
    const bool *wanted;    /* [n]: whether that of operand i does */
    ad_tape *tape;
    ad_mark start;               /* the end of the leaves that stay the same in all steps */
    ad_tensor *frozen, *watched; /* [n] */
    ad_tensor *next;             /* [states] */
    ad_tensor *state;            /* [states] leaves of the current step */
    int64_t at;                  /* the current step */
    ad_type type;
    size_t bytes;  /* elements of the states */
    size_t stride; /* bytes of a row */
} ad_loop;

/* Elements of the states; SIZE_MAX for too many. */
size_t ad_loop_count(const ad_loop_attr *a, const ad_shape *x);

/* State k in a row, at *at bytes; moves *at to the next. */
ad_view ad_loop_part(const ad_loop *l, const char *row, int k, size_t *at);

/* Copies states into a row; zeros where one has no data. */
void ad_loop_put(const ad_loop *l, const ad_view *states, char *row);

/* The row before the first step, in scratch memory. NULL if memory ran out. */
char *ad_loop_first_row(const ad_loop *l);

/* Puts the operands on the inner tape. watched[i]: whether operand i is watched where a
 * step is swept. */
bool ad_loop_open(ad_loop *l, const bool *watched);

/* Takes steps from a row before step i to the row before `end`, which is returned or written to
 * `to`. NULL with an error. */
const char *ad_loop_go(ad_loop *l, int64_t i, int64_t end, const char *row, char *to);

/* Carries a cotangent back over step i, from the row before it, and adds to those of the other
 * operands. ys: the states after the last step, as they were when the node was recorded. */
bool ad_loop_retreat(ad_loop *l, int64_t i, const char *row, const ad_view *ys, char *dy);

/* If something went wrong on the inner tape, the rule fails in the same way, with source
 * line and step. */
void ad_loop_finish(const ad_loop *l);

#endif
