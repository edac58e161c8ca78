/* The optimisers by name. */
#include "models/optimisers/optimisers.h"

/* Those that are asked for most often come first. */
#define OPTIMISERS(ROW) \
    ROW(sgd)            \
    ROW(adam)           \
    ROW(adamw)          \
    ROW(adadelta)       \
    ROW(adagrad)        \
    ROW(adamax)         \
    ROW(lion)           \
    ROW(muon)           \
    ROW(nadam)          \
    ROW(radam)          \
    ROW(rmsprop)

#define DECLARED(name) extern const ad_optimiser ad_##name##_optimiser;
OPTIMISERS(DECLARED)

const ad_optimiser *ad_optimiser_named(const char *name)
{
#define LISTED(name) &ad_##name##_optimiser,
    static const ad_optimiser *const optimisers[] = {OPTIMISERS(LISTED)};
    for (size_t i = 0; name && i < sizeof optimisers / sizeof *optimisers; i++)
        if (strcmp(optimisers[i]->name, name) == 0)
            return optimisers[i];
    return NULL;
}
