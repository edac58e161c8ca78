/* Training states: all that a run of training needs to go on after a stop, in one file.
 *
 *     AD_MODEL_TRAINING(mlp);                    at file scope: declares mlp_part and mlp_states_part
 *
 *     ad_training_part parts[] = {
 *         mlp_part("model", &model),
 *         mlp_states_part("adam", ad_adam_method(&adam), &states, &model),
 *         mlp_part("average", &average),
 *         ad_random_part("order", &random),
 *     };
 *     enum { PARTS = sizeof parts / sizeof *parts };
 *     ad_training_load_options resume = {.size = sizeof resume, .may_be_missing = true};
 *     ad_status status = ad_training_load("run.safetensors", PARTS, parts, &resume, &error);
 *     while (status == AD_OK && states.steps < 10000) {
 *         status = one_step(...);
 *         if (status == AD_OK && states.steps % 100 == 0)
 *             status = ad_training_save("run.safetensors", PARTS, parts, NULL, &error);
 *     }
 *
 * However often this program is stopped and started again, it ends with the same bits. One list
 * says what is saved and what is loaded, so they cannot differ. The parts are looked at when a
 * state is saved or loaded, not before.
 *
 * What belongs in the list is what changes from step to step and is carried on: parameters, the
 * states of the optimiser, averages, random generators, counters. Settings do not: the program
 * has them. (Checkpoints in the sense of functions.h are another thing: they save memory in a
 * sweep.)
 *
 * The file is in the format safetensors, so other tools read it: arrays model.hidden.w,
 * adam.steps, adam.0.hidden.w (the first state), order. mlp_load reads the model alone with the
 * prefix "model.". */
#ifndef ADZE_IO_TRAINING_H
#define ADZE_IO_TRAINING_H

#include "adze/io/models.h"
#include "adze/lbfgs.h"
#include "adze/random.h"
#include "adze/schedules.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- parts -------------------------------------------------------------------------- */

typedef enum ad_part_kind {
    AD_PART_ARRAYS,  /* a model, or an array */
    AD_PART_STATES,
    AD_PART_LBFGS,
    AD_PART_PLATEAU,
    AD_PART_RANDOM,
    AD_PART_KEY,
    AD_PART_INTEGER,
    AD_PART_NUMBER,
    AD_PART_TEXT,
    AD_PART_COUNT
} ad_part_kind;

/* Something to be saved and loaded. The functions below fill it in; it borrows all that they are
 * given. */
typedef struct ad_training_part {
    size_t size; /* sizeof(ad_training_part) */
    ad_part_kind kind;
    const char *name;    /* in the file: no other part has it. Up to 100 bytes, without '.', '[', ']';
                            not "format", not "version" */
    void *target;        /* what is saved and loaded; no other part has it */
    const ad_tree *tree; /* of arrays and states; else NULL */
    const void *model;   /* of states; else NULL */
    ad_method method;    /* of states; else zeros */
    size_t room;         /* bytes of a text; else 0 */
} ad_training_part;

static inline AD_UNUSED ad_training_part ad_part_of(ad_part_kind kind, const char *name,
                                                    void *target)
{
    ad_method no_method = {NULL, NULL, 0, NULL, NULL, 0};
    ad_training_part p = {sizeof p, kind, name, target, NULL, NULL, no_method, 0};
    return p;
}

/* A model, or anything else that AD_MODEL declares: parameters, averages of weights, running
 * moments. If none of its arrays holds numbers, as that of an average before the first step,
 * this is what is saved, and after loading it holds none. */
static inline AD_UNUSED ad_training_part ad_model_part(const char *name, const ad_tree *tree,
                                                       void *model)
{
    ad_training_part p = ad_part_of(AD_PART_ARRAYS, name, model);
    p.tree = tree;
    return p;
}

/* An array of any type and shape. */
static inline AD_UNUSED ad_training_part ad_array_part(const char *name, ad_array *array)
{
    return ad_model_part(name, &ad_array_tree, array);
}

/* The states of an optimiser, and the number of steps. The model is that whose steps they are
 * for. The method, with its groups, is that of these steps: loading checks that each array has
 * the optimiser that it was saved with. Its settings may differ, as long as they need no more
 * states. Loading makes new states: what ad_states_at has returned before ends. */
static inline AD_UNUSED ad_training_part ad_states_part(const char *name, const ad_tree *tree,
                                                        ad_method method, ad_states *states,
                                                        const void *model)
{
    ad_training_part p = ad_part_of(AD_PART_STATES, name, states);
    p.tree = tree;
    p.method = method;
    p.model = model;
    return p;
}

/* The history of L-BFGS. */
static inline AD_UNUSED ad_training_part ad_lbfgs_part(const char *name, ad_lbfgs_memory *memory)
{
    return ad_part_of(AD_PART_LBFGS, name, memory);
}

/* The state of a plateau: best, waited, scale. The other schedules depend on the number of steps
 * alone. */
static inline AD_UNUSED ad_training_part ad_plateau_part(const char *name, ad_plateau *plateau)
{
    return ad_part_of(AD_PART_PLATEAU, name, plateau);
}

/* A generator or a key of random numbers: i64 [3] and i64 [2] in the file. */
static inline AD_UNUSED ad_training_part ad_random_part(const char *name, ad_random *random)
{
    return ad_part_of(AD_PART_RANDOM, name, random);
}

static inline AD_UNUSED ad_training_part ad_key_part(const char *name, ad_key *key)
{
    return ad_part_of(AD_PART_KEY, name, key);
}

/* A number of your own: i64 or f64. */
static inline AD_UNUSED ad_training_part ad_integer_part(const char *name, int64_t *number)
{
    return ad_part_of(AD_PART_INTEGER, name, number);
}

static inline AD_UNUSED ad_training_part ad_number_part(const char *name, double *number)
{
    return ad_part_of(AD_PART_NUMBER, name, number);
}

/* A text in UTF-8 that ends with '\0', in `room` bytes of yours. */
static inline AD_UNUSED ad_training_part ad_text_part(const char *name, char *text, size_t room)
{
    ad_training_part p = ad_part_of(AD_PART_TEXT, name, text);
    p.room = room;
    return p;
}

/* ---- saving and loading ------------------------------------------------------------- */

/* Writes n parts to a file, whole or not at all (adze/io/writing.h). AD_MISUSE, naming the part,
 * if one cannot be saved: its name or target is NULL or there twice, some arrays of a model hold
 * no numbers, states are those of another optimiser or model; AD_TOO_LARGE for a name or path of
 * 127 bytes or more; AD_FILE; AD_CANCELLED; AD_MEMORY. */
AD_API AD_MUST_USE ad_status ad_training_save(const char *path, int n,
                                              const ad_training_part *parts,
                                              const ad_write_options *options, ad_error *error);

/* NULL: as if all but size were 0. */
typedef struct ad_training_load_options {
    size_t size;                   /* sizeof(ad_training_load_options) */
    bool may_be_missing;           /* a path where there is no file is no error: all stays as it is */
    bool ignore_superfluous;       /* the file may have arrays and texts of no part */
    const ad_allocator *allocator; /* of new arrays whose own field names none; NULL: the C library's */
} ad_training_load_options;

/* Reads n parts from a file: all of them, or none on failure. Arrays that hold numbers must have
 * the file's shapes and types; others are made, and are yours. AD_FORMAT if the file is
 * malformed or no training state, if it lacks something or has something that belongs to no
 * part, or if its states are those of another optimiser; AD_BAD_SHAPE or AD_BAD_TYPE if an array
 * has another shape or type; AD_TOO_LARGE for a text that its room does not hold: each names
 * file and array. AD_MISUSE as ad_training_save; AD_DOMAIN for settings that are out of their
 * range; AD_FILE; AD_MEMORY. */
AD_API AD_MUST_USE ad_status ad_training_load(const char *path, int n,
                                              const ad_training_part *parts,
                                              const ad_training_load_options *options,
                                              ad_error *error);

/* The same from a file that is open, or from bytes in memory (ad_safetensors_parse). */
AD_API AD_MUST_USE ad_status ad_training_load_file(const ad_safetensors *file, int n,
                                                   const ad_training_part *parts,
                                                   const ad_training_load_options *options,
                                                   ad_error *error);

#ifdef __cplusplus
} /* extern "C" */
#endif

/* The typed parts of a model m. */
#define AD_MODEL_TRAINING(m)                                                               \
    static inline AD_UNUSED ad_training_part m##_part(const char *name, m *model)          \
    {                                                                                      \
        return ad_model_part(name, &m##_tree, model);                                      \
    }                                                                                      \
    static inline AD_UNUSED ad_training_part m##_states_part(                              \
        const char *name, ad_method method, ad_states *states, const m *model)             \
    {                                                                                      \
        return ad_states_part(name, &m##_tree, method, states, model);                     \
    }                                                                                      \
    struct m##_tensors

#endif
