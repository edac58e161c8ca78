/* Files that are written whole or not at all: what becomes of the file, the folder and the links that are there.
 * Calls of the system that fail have tests of their own. */
#define _GNU_SOURCE
#include "saving.h"
#include "suite.h"

#include "io/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void expect_refused(const char *path, ad_status status, const char *text)
{
    ad_error error = {0};
    ad_status got = save_letter(path, 'b', NULL, &error);
    ck_assert_msg(got == status && strstr(error.text, text), "%s: %s", path, error.text);
    ck_assert_int_eq(error.status, status);
}

static mode_t permissions_of(const char *path)
{
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    return about.st_mode & 07777;
}

/* The path of a name in the folder of a saving. Good until the next but one call. */
static const char *beside(const saving *s, const char *name)
{
    static char paths[2][5500];
    static int turn;
    char *path = paths[turn ^= 1];
    snprintf(path, sizeof paths[0], "%s/%s", s->folder, name);
    return path;
}

/* ---- what is kept ------------------------------------------------------------------------ */

START_TEST(a_new_file_has_the_permissions_of_the_umask)
{
    saving s = saving_begin();
    mode_t before = umask(027);
    ck_assert_int_eq(save_letter(s.path, 'a', NULL, NULL), AD_OK);
    umask(before);
    ck_assert_uint_eq(permissions_of(s.path), 0640);
    ck_assert_int_eq(letter_in(s.path), 'a');
    saving_end(&s);
}
END_TEST

START_TEST(permissions_of_the_old_file_are_kept)
{
    static const mode_t modes[] = {0600, 0640, 0666, 0777, 0200};
    saving s = saving_begin();
    ck_assert_int_eq(save_letter(s.path, 'a', NULL, NULL), AD_OK);
    ck_assert_int_eq(chmod(s.path, modes[_i]), 0);
    ck_assert_int_eq(save_letter(s.path, 'b', NULL, NULL), AD_OK);
    ck_assert_uint_eq(permissions_of(s.path), modes[_i]);
    saving_end(&s);
}
END_TEST

START_TEST(the_owner_is_kept_where_the_system_allows_it)
{
    struct stat about;
    saving s = saving_begin();
    ck_assert_int_eq(save_letter(s.path, 'a', NULL, NULL), AD_OK);
    bool may = chown(s.path, 12345, 54321) == 0;
    ck_assert_int_eq(save_letter(s.path, 'b', NULL, NULL), AD_OK);
    ck_assert_int_eq(stat(s.path, &about), 0);
    if (may)
        ck_assert(about.st_uid == 12345 && about.st_gid == 54321);
    ck_assert_int_eq(letter_in(s.path), 'b');
    saving_end(&s);
}
END_TEST

START_TEST(a_link_stays_and_its_file_is_replaced)
{
    struct stat about;
    saving s = saving_begin(), other = saving_begin();
    ck_assert_int_eq(save_letter(other.path, 'a', NULL, NULL), AD_OK);
    ck_assert_int_eq(symlink(other.path, s.path), 0);
    ck_assert_int_eq(save_letter(s.path, 'b', NULL, NULL), AD_OK);
    ck_assert_int_eq(lstat(s.path, &about), 0);
    ck_assert(S_ISLNK(about.st_mode));
    ck_assert_int_eq(letter_in(other.path), 'b');
    ck_assert_str_eq(names_beside(other.folder, "file"), "");
    ck_assert_int_eq(unlink(other.path), 0);
    expect_refused(s.path, AD_FILE, "No such file");
    ck_assert_str_eq(names_beside(other.folder, "file"), "");
    saving_end(&s);
    saving_end(&other);
}
END_TEST

START_TEST(paths_are_those_of_the_system)
{
    saving s = saving_begin();
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    ck_assert_int_eq(save_letter(beside(&s, name), 'a', NULL, NULL), AD_OK);
    ck_assert_int_eq(save_letter(beside(&s, name), 'b', NULL, NULL), AD_OK);
    ck_assert_int_eq(letter_in(beside(&s, name)), 'b');
    ck_assert_int_eq(chdir(s.folder), 0);
    ck_assert_int_eq(save_letter("here", 'c', NULL, NULL), AD_OK);
    ck_assert_int_eq(save_letter("./../././here/../here", 'c', NULL, NULL), AD_FILE);
    ck_assert_int_eq(letter_in(beside(&s, "here")), 'c');
    ck_assert_int_eq(mkdir("deep", 0777), 0);
    ck_assert_int_eq(save_letter("deep//./x", 'd', NULL, NULL), AD_OK);
    ck_assert_int_eq(letter_in("deep/x"), 'd');
    ck_assert_int_eq(unlink("deep/x") + rmdir("deep"), 0);
    saving_end(&s);
}
END_TEST

/* ---- what is refused --------------------------------------------------------------------- */

START_TEST(what_cannot_be_a_file_is_refused)
{
    saving s = saving_begin();
    char name[5000];
    expect_refused("", AD_FILE, "there is no name of a file");
    expect_refused("/", AD_FILE, "is a directory");
    expect_refused(s.folder, AD_FILE, "is a directory");
    expect_refused(beside(&s, "new/"), AD_FILE, "there is no name of a file");
    expect_refused(beside(&s, "missing/file"), AD_FILE, "No such file");
    expect_refused("/dev/null", AD_FILE, "is not a regular file");
    ck_assert_int_eq(mkfifo(beside(&s, "fifo"), 0600), 0);
    expect_refused(beside(&s, "fifo"), AD_FILE, "is not a regular file");
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    expect_refused(name, AD_FILE, "File name too long");
    name[256] = '\0';
    expect_refused(beside(&s, name), AD_FILE, "File name too long");
    ck_assert_int_eq(save_letter(s.path, 'a', NULL, NULL), AD_OK);
    expect_refused(beside(&s, "file/x"), AD_FILE, "Not a directory");
    ck_assert_int_eq(symlink("loop", beside(&s, "loop")), 0);
    expect_refused(beside(&s, "loop"), AD_FILE, "symbolic links");
    saving_end(&s);
}
END_TEST

/* Root may do anything, so another does it. */
static void as_nobody(void)
{
    if (geteuid() == 0)
        ck_assert_int_eq(setgid(65534) + setuid(65534), 0);
}

START_TEST(a_file_or_a_folder_that_is_read_only_is_refused)
{
    saving s = saving_begin();
    ck_assert_int_eq(save_letter(s.path, 'a', NULL, NULL), AD_OK);
    ck_assert_int_eq(chmod(s.path, _i ? 0666 : 0444), 0);
    ck_assert_int_eq(chmod(s.folder, _i ? 0555 : 0777), 0);
    pid_t child = fork();
    if (child == 0) {
        as_nobody();
        expect_refused(s.path, AD_FILE, "Permission denied");
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(letter_in(s.path), 'a');
    ck_assert_str_eq(names_beside(s.folder, "file"), "");
    ck_assert_int_eq(chmod(s.folder, 0777), 0);
    saving_end(&s);
}
END_TEST

START_TEST(a_file_beyond_the_limit_of_the_process_is_refused)
{
    saving s = saving_begin();
    const struct rlimit limit = {1000, RLIM_INFINITY}, unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ad_error error = {0};
    ck_assert_int_eq(save_letter(s.path, 'a', NULL, &error), AD_FILE); /* and no SIGXFSZ */
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
    ck_assert_ptr_nonnull(strstr(error.text, "File too large"));
    ck_assert_str_eq(names_beside(s.folder, ""), "");
    saving_end(&s);
}
END_TEST

START_TEST(options_without_their_size_are_refused)
{
    saving s = saving_begin();
    ad_error error = {0};
    ck_assert_int_eq(save_letter(s.path, 'a', &(ad_write_options){.unsynced = true}, &error),
                     AD_MISUSE);
    ck_assert_str_eq(error.text, "save: the options need .size = sizeof(ad_write_options)");
    ck_assert_str_eq(names_beside(s.folder, ""), "");
    saving_end(&s);
}
END_TEST

/* ---- an interim name that is taken ------------------------------------------------------- */

/* What a program that was killed left is removed, whatever it was; other files that share its numbers are not touched. */
START_TEST(what_was_left_is_removed)
{
    saving s = saving_begin();
    ck_assert_int_eq(save_letter(beside(&s, "other"), 'o', NULL, NULL), AD_OK);
    ck_assert_int_eq(link(beside(&s, "other"), beside(&s, ".file.adze-new")), 0);
    ck_assert_int_eq(save_letter(s.path, 'a', NULL, NULL), AD_OK);
    ck_assert_int_eq(letter_in(s.path), 'a');
    ck_assert_int_eq(letter_in(beside(&s, "other")), 'o');
    ck_assert_str_eq(names_beside(s.folder, "file"), "other ");
    saving_end(&s);
}
END_TEST

START_TEST(what_nobody_left_is_in_the_way)
{
    saving s = saving_begin();
    const char *interim = beside(&s, ".file.adze-new");
    if (_i == 0)
        ck_assert_int_eq(symlink("other", interim), 0);
    else if (_i == 1)
        ck_assert_int_eq(mkdir(interim, 0777), 0);
    else
        ck_assert_int_eq(mkfifo(interim, 0666), 0);
    expect_refused(s.path, AD_FILE, ".file.adze-new is in the way");
    ck_assert_str_eq(names_beside(s.folder, "file"), ".file.adze-new ");
    ck_assert_int_eq(_i == 1 ? rmdir(interim) : unlink(interim), 0);
    saving_end(&s);
}
END_TEST

/* Another who writes the same file has the interim name for a moment. */
START_TEST(a_writer_that_is_about_to_finish_is_waited_for)
{
    saving s = saving_begin();
    int ready[2], status;
    char letter;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        int file = open(beside(&s, ".file.adze-new"), O_WRONLY | O_CREAT, 0666);
        status = file >= 0 && flock(file, LOCK_EX) == 0 && write(ready[1], "x", 1) == 1 ? 0 : 1;
        usleep(50000);
        _exit(status);
    }
    ck_assert_int_eq(read(ready[0], &letter, 1), 1);
    ck_assert_int_eq(save_letter(s.path, 'a', NULL, NULL), AD_OK);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_str_eq(names_beside(s.folder, "file"), "");
    saving_end(&s);
}
END_TEST

/* ---- several at once --------------------------------------------------------------------- */

enum { WRITERS = 4, ROUNDS = 50 };

static const ad_write_options unsynced = {.size = sizeof unsynced, .unsynced = true};

static void save_often(const char *path, char letter)
{
    for (int i = 0; i < ROUNDS; i++) {
        ad_error error = {0};
        if (save_letter(path, letter, &unsynced, &error) != AD_OK) {
            fprintf(stderr, "%s\n", error.text);
            _exit(1);
        }
    }
    _exit(0);
}

/* Long names are alike in all but their ends. */
START_TEST(processes_write_one_file_or_several_at_once)
{
    saving s = saving_begin();
    char names[WRITERS][PATH_SIZE + 300];
    for (int k = 0; k < WRITERS; k++)
        if (_i)
            snprintf(names[k], sizeof names[k], "%s/%0250d", s.folder, k);
        else
            snprintf(names[k], sizeof names[k], "%s", s.path);
    for (int k = 0; k < WRITERS; k++)
        if (fork() == 0)
            save_often(names[k], (char)('a' + k));
    for (int living = WRITERS, status; living > 0;) {
        char letter = letter_in(names[0]);
        ck_assert_msg(letter == 0 || (letter >= 'a' && letter < 'a' + (_i ? 1 : WRITERS)),
                      "a file of `%c`", letter);
        if (waitpid(-1, &status, WNOHANG) > 0) {
            living--;
            ck_assert_int_eq(status, 0);
        }
    }
    for (int k = 0; _i && k < WRITERS; k++)
        ck_assert_int_eq(letter_in(names[k]), 'a' + k);
    ck_assert_uint_eq(strlen(names_beside(s.folder, "file")), _i ? WRITERS * 251 : 0);
    saving_end(&s);
}
END_TEST

/* ---- progress ---------------------------------------------------------------------------- */

typedef struct listener {
    int calls, cancel_at;
    uint64_t written, all;
} listener;

static bool listen(void *user, uint64_t written, uint64_t all)
{
    listener *l = user;
    ck_assert_uint_le(written, all);
    ck_assert(l->calls == 0 ? written == 0 : written > l->written);
    ck_assert_uint_le(written - l->written, 8 << 20);
    l->written = written;
    l->all = all;
    return ++l->calls != l->cancel_at;
}

static ad_status save_large(const char *path, listener *l, ad_error *error)
{
    enum { ALL = 10 << 20 };
    static unsigned char bytes[ALL];
    ad_write_options options = {sizeof options, listen, l, true};
    ad_sink sink;
    ad_status status = ad_sink_open(&sink, "save", path, ALL, &options, error);
    return status == AD_OK ? ad_sink_close(&sink, ad_sink_write(&sink, bytes, ALL)) : status;
}

START_TEST(progress_is_told_from_nothing_to_all)
{
    saving s = saving_begin();
    listener l = {0};
    ck_assert_int_eq(save_large(s.path, &l, NULL), AD_OK);
    ck_assert_uint_eq(l.written, 10 << 20);
    ck_assert_uint_eq(l.all, 10 << 20);
    ck_assert_int_eq(l.calls, 4);
    saving_end(&s);
}
END_TEST

START_TEST(a_file_that_is_cancelled_stays_as_it_was)
{
    saving s = saving_begin();
    ck_assert_int_eq(save_letter(s.path, 'a', NULL, NULL), AD_OK);
    for (int at = 1; at <= 4; at++) {
        listener l = {.cancel_at = at};
        ad_error error = {0};
        ck_assert_int_eq(save_large(s.path, &l, &error), AD_CANCELLED);
        ck_assert_ptr_nonnull(strstr(error.text, "cancelled after "));
        ck_assert_int_eq(letter_in(s.path), 'a');
        ck_assert_str_eq(names_beside(s.folder, "file"), "");
    }
    saving_end(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sink");
    TCase *all = tcase_create("sink");
    tcase_add_test(all, a_new_file_has_the_permissions_of_the_umask);
    tcase_add_loop_test(all, permissions_of_the_old_file_are_kept, 0, 5);
    tcase_add_test(all, the_owner_is_kept_where_the_system_allows_it);
    tcase_add_test(all, a_link_stays_and_its_file_is_replaced);
    tcase_add_test(all, paths_are_those_of_the_system);
    tcase_add_test(all, what_cannot_be_a_file_is_refused);
    tcase_add_loop_test(all, a_file_or_a_folder_that_is_read_only_is_refused, 0, 2);
    tcase_add_test(all, a_file_beyond_the_limit_of_the_process_is_refused);
    tcase_add_test(all, options_without_their_size_are_refused);
    tcase_add_test(all, what_was_left_is_removed);
    tcase_add_loop_test(all, what_nobody_left_is_in_the_way, 0, 3);
    tcase_add_test(all, a_writer_that_is_about_to_finish_is_waited_for);
    tcase_add_loop_test(all, processes_write_one_file_or_several_at_once, 0, 2);
    tcase_add_test(all, progress_is_told_from_nothing_to_all);
    tcase_add_test(all, a_file_that_is_cancelled_stays_as_it_was);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
