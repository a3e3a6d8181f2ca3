//! The `tenken` program: the command line of the library.

fn main() -> tenken::cli::Exit {
    tenken::cli::main()
}
