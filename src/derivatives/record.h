/* The beginning and the end of all operators: a function recorded at a point, and the numbers
 * read from the record.
 *
 * A list of n operands is the simplest of trees. So each operator is written once, over
 * trees: it sees a function, n operands that the tree names, and results that are structs of
 * arrays, or arrays. */
#ifndef ADZE_DERIVATIVES_RECORD_H
#define ADZE_DERIVATIVES_RECORD_H

#include "adze/model_derivatives.h"
#include "trees/list.h"
#include "trees/result.h"

/* Operands, or tangents and cotangents of them: views, or the arrays of a struct. */
typedef struct ad_numbers {
    const ad_view *views;
    const ad_array *arrays;
} ad_numbers;

/* A function, of a list or of a model, and the point where it is differentiated. */
typedef struct ad_subject {
    const char *name; /* of the operator, for messages */
    ad_tape *tape;
    const ad_tree *tree; /* of the operands */
    int n;
    ad_numbers x;
    ad_function *of_list;
    ad_model_function *of_model;
    ad_model_map *of_map;
    int inputs; /* behind the operands of a list, or of a map */
    const void *env;
    ad_list list; /* the tree of a list */
} ad_subject;

/* Each fills in *s, which must stay where it is, and returns it. */
const ad_subject *ad_subject_list(ad_subject *s, const char *name, ad_tape *t, ad_function *f,
                                  int n, const ad_view *x, const void *env);
const ad_subject *ad_subject_model(ad_subject *s, const char *name, const ad_tree *tree, ad_tape *t,
                                   ad_model_function *f, const void *model, const void *env);

/* A function recorded on the tape, above the values that the tape held before. */
typedef struct ad_record {
    const ad_subject *subject;
    const char *name; /* of the operator, before the messages of evaluations; or NULL */
    ad_tape *tape;
    ad_mark start;
    int n;
    ad_tensor *x; /* [n] watched leaves, then [inputs], the tape's */
    ad_tensor y;
} ad_record;

/* Records s. `complete`: no argument of the operator is NULL; count: directions, or results for
 * each operand. False with an error on the tape, which is then as it was before. */
bool ad_record_begin(ad_record *r, const ad_subject *s, bool complete, int count);

/* With directions, tx[i * count + j] for operand i, which are to live until after the evaluation. */
bool ad_record_begin_along(ad_record *r, const ad_subject *s, bool complete, int count,
                           ad_numbers *tx);

/* The two steps of it: puts the operands on the tape, with room for inputs behind them; evaluates the
 * function, once or more often, each time with other inputs. */
bool ad_record_open(ad_record *r, const ad_subject *s, bool complete, int count);
bool ad_record_evaluate(ad_record *r);

/* Rewinds the tape, and returns its status. */
ad_status ad_record_end(const ad_record *r);

/* The value, in numbers of the tape's own: one that is a view of an operand may lie in the memory of
 * a result, and results are written one after another. data is NULL with an error. */
ad_view ad_record_value(const ad_record *r);

/* Carries the tangents of count directions forward to y. */
bool ad_record_push(const ad_record *r, int count, ad_numbers tx);

/* The gradients or tangents of the operands, [n * count], on the tape. NULL with an error. */
typedef ad_view ad_reader(ad_tensor x, int j);
ad_view *ad_record_read(const ad_record *r, int count, ad_reader *read);

/* Whether an operator may begin. An error is on the tape, by name. */
bool ad_good_call(ad_tape *t, const char *name, bool complete, int n, int count);

#endif
