/* The name of a file before it is complete. */
#ifndef ADZE_IO_INTERIM_H
#define ADZE_IO_INTERIM_H

#include "io/sink.h"

/* Opens the file, in the folder, with no name or with the interim name. AD_BUSY if another writer has that. */
ad_status ad_interim_open(ad_sink *s);

/* Gives the complete file its own name. On failure it has none. */
ad_status ad_interim_rename(const ad_sink *s);

/* Leaves the folder as it was. */
void ad_interim_remove(const ad_sink *s);

#endif
