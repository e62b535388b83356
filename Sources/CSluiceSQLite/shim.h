// The header of Debian's libsqlite3-dev. No logic lives here.
#include <sqlite3.h>
