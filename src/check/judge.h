/* Slopes of a function, as a gradient claims them to be, against differences. */
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
    ad_type type; /* of the result: what it is rounded to */
    double value; /* of the function, weighted */
    double least; /* slopes below this are nothing */
    ad_random places;
    ad_check_report report;
    double worst_error; /* of those that are wrong */
    ad_error worst;     /* its message */
} ad_checking;

/* The function at c->at, weighted: NaN with an error on the tape. Out of an operation's domain it
 * is NaN, and no error if the tape may be reset. */
double ad_checking_value(ad_checking *c);

/* The same with its gradient. An error is on the tape. */
ad_status ad_checking_differentiate(ad_checking *c, void *gradient);

/* What is claimed to be the slope of the function as something moves. */
typedef struct ad_claim {
    const char *what;
    double slope;
    double least;    /* slopes below this are nothing */
    double size;     /* of what moves */
    ad_type type;    /* to which it is rounded */
    ad_curve *moved; /* the function, with the thing moved by h */
    void *user;
} ad_claim;

/* Compares with differences. */
void ad_checking_judge(ad_checking *c, const ad_claim *claim);
double ad_checking_tolerance(const ad_checking *c);

/* The tape's failure; the tape's failure or the worst number, if there is one. */
ad_status ad_checking_failure(const ad_checking *c, ad_error *error);
ad_status ad_checking_conclude(const ad_checking *c, ad_error *error);

/* The array of another struct of the model at the place of a, which is one of c->at. */
static inline ad_array *ad_beside(const ad_checking *c, const ad_array *a, const void *other)
{
    return (ad_array *)((uintptr_t)other + ((uintptr_t)a - (uintptr_t)c->at));
}

#endif
