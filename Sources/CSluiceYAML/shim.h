// The header of Debian's libyaml-dev. No logic lives here.
#include <yaml.h>
