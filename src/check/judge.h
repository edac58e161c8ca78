/* Compares slopes of a function, as a gradient claims them, with differences. */
#ifndef ADZE_CHECK_JUDGE_H
#define ADZE_CHECK_JUDGE_H

#include "check/parts.h"
#include "check/slope.h"

typedef struct ad_checking {
    const char *name; /* of the check, for messages */
    const ad_tree *tree;
    ad_model_function *f;
    const void *env;
    ad_check_options o;
    ad_tape *t;
    bool own_tape;        /* may be reset at any time */
    void *at;             /* the point: a struct of arrays whose numbers may be written */
    const void *gradient; /* a struct of arrays */
    void *tensors;
    ad_type type; /* the type that the result is rounded to */
    double value; /* the function's value, weighted */
    double least; /* smaller slopes count as 0 */
    ad_random places;
    ad_check_report report;
    double worst_error; /* the relative error of the worst number */
    ad_error worst;     /* the message about it */
} ad_checking;

/* The function at c->at, weighted: NaN with an error on the tape. Out of an operation's domain it
 * is NaN, and no error if the tape may be reset. */
double ad_checking_value(ad_checking *c);

/* Evaluates the function with its gradient. An error is on the tape. */
ad_status ad_checking_differentiate(ad_checking *c, void *gradient);

/* The claimed slope of the function as something moves. */
typedef struct ad_claim {
    const char *what;
    double slope;
    double least;    /* smaller slopes count as 0 */
    double size;     /* the scale of the number that moves */
    double own;      /* its own size, no larger; 0 if it has none */
    ad_type type;    /* the type that the number is rounded to */
    ad_curve *moved; /* the function, with the thing moved by h */
    void *user;
} ad_claim;

/* Compares with differences. */
void ad_checking_judge(ad_checking *c, const ad_claim *claim);
double ad_checking_tolerance(const ad_checking *c);

/* The tape's failure. */
ad_status ad_checking_failure(const ad_checking *c, ad_error *error);

/* The tape's failure, or that of the worst number, if there is one. */
ad_status ad_checking_conclude(const ad_checking *c, ad_error *error);

/* The array of another struct of the model at the place of a, which is one of c->at. */
static inline ad_array *ad_beside(const ad_checking *c, const ad_array *a, const void *other)
{
    return (ad_array *)((uintptr_t)other + ((uintptr_t)a - (uintptr_t)c->at));
}

#endif
