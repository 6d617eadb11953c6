//! Disk space held back for the end of a night: freed on the first "no space", so that the halt can
//! still be journaled and the report written.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::Path,
};

use crate::layout::{PathContext, PathError};

/// Makes a file of `bytes` bytes whose space is really taken, or leaves the one that is there.
///
/// # Errors
/// There is not that much space (no file is left then), or the file cannot be written.
pub fn reserve(path: &Path, bytes: u64) -> Result<(), PathError> {
    match fs::symlink_metadata(path) {
        // A file of the right length may still be a hole without space behind it.
        Ok(found) if found.is_file() && found.len() == bytes && found.blocks() * 512 >= bytes => {
            return Ok(());
        }
        Ok(_) => fs::remove_file(path).at("replace the ballast", path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).at("look at the ballast", path),
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .at("make the ballast", path)?;
    let filled = fill(&mut file, bytes).at("reserve space in", path);
    if filled.is_err() {
        release(path)?;
    }
    filled
}

/// Frees the space. Returns whether there was any to free.
///
/// # Errors
/// The file is there and cannot be removed.
pub fn release(path: &Path) -> Result<bool, PathError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).at("remove the ballast", path),
    }
}

fn fill(file: &mut File, bytes: u64) -> io::Result<()> {
    use rustix::{fs::FallocateFlags, io::Errno};
    if bytes == 0 {
        return Ok(());
    }
    match rustix::fs::fallocate(&*file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => {}
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_out(file, bytes)?,
        Err(error) => return Err(error.into()),
    }
    file.sync_all()
}

/// Takes space by writing, on file systems that cannot be asked for it.
fn write_out(file: &mut File, bytes: u64) -> io::Result<()> {
    // A file system that compresses would store zeros in no space at all.
    let mut noise = blake3::Hasher::new().finalize_xof();
    let mut block = vec![0; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        noise.fill(&mut block);
        let size = usize::try_from(left).map_or(block.len(), |left| left.min(block.len()));
        file.write_all(block.get(..size).unwrap_or(&block))?;
        left -= size as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write, os::unix::fs::MetadataExt};

    use super::{release, reserve, write_out};

    const SIZE: u64 = 200_000;

    #[test]
    fn the_space_is_taken_and_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ballast");
        assert!(!release(&path).unwrap());
        for _ in 0..2 {
            reserve(&path, SIZE).unwrap();
            let found = fs::metadata(&path).unwrap();
            assert_eq!(found.len(), SIZE);
            assert!(found.blocks() * 512 >= SIZE);
        }
        assert!(release(&path).unwrap());
        assert!(!path.exists());
    }

    /// A file cut short by a crash, a hole, and a link to a file of somebody else are replaced.
    #[test]
    fn what_is_no_ballast_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ballast");
        let other = folder.path().join("other");
        fs::File::create(&path).unwrap().write_all(b"cut").unwrap();
        reserve(&path, SIZE).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), SIZE);

        fs::File::create(&path).unwrap().set_len(SIZE).unwrap();
        reserve(&path, SIZE).unwrap();
        assert!(fs::metadata(&path).unwrap().blocks() * 512 >= SIZE);

        release(&path).unwrap();
        fs::File::create(&other)
            .unwrap()
            .write_all(b"mine")
            .unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        reserve(&path, SIZE).unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"mine");
    }

    /// In memory, where asking for space works everywhere: the fallback would fill a real disk.
    #[cfg(target_os = "linux")]
    #[test]
    fn more_than_the_disk_has_leaves_nothing_behind() {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let path = folder.path().join("ballast");
        assert!(reserve(&path, 1 << 61).is_err());
        assert!(!path.exists());
    }

    #[test]
    fn writing_takes_the_same_space_as_asking() {
        let mut file = tempfile::tempfile().unwrap();
        write_out(&mut file, SIZE).unwrap();
        assert_eq!(file.metadata().unwrap().len(), SIZE);
    }
}
